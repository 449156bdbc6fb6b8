--- What users may set about plots; `lacuna.plot` adds its functions to this table.
-- @module lacuna.plot.settings
local settings = {}

--- The program that draws.
settings.program = 'gnuplot'

--- The colours of classes, in turn; with the marks, 80 classes look different.
settings.colours = {
   '#1f77b4', '#d62728', '#2ca02c', '#ff7f0e', '#7030a0', '#00b5c8', '#8c564b', '#e377c2',
   '#808000', '#000000', '#1be01b', '#f2c80f', '#0a2a66', '#ff0090', '#7f7f7f', '#b39ddb',
}

--- The maps from numbers to colours, each as colours at equal steps from the least to the most.
settings.maps = {
   viridis = { '#440154', '#472d7b', '#3b528b', '#2c728e', '#21918c', '#28ae80', '#5ec962',
      '#addc30', '#fde725' },
   magma = { '#000004', '#1d1147', '#51127c', '#822681', '#b63679', '#e65164', '#fb8861',
      '#fec287', '#fcfdbf' },
   coolwarm = { '#3b4cc0', '#688aef', '#99baff', '#c9d8ef', '#edd1c2', '#f7a789', '#e26952',
      '#b40426' },
   grey = { '#000000', '#ffffff' },
   blues = { '#f7fbff', '#deebf7', '#c6dbef', '#9ecae1', '#6baed6', '#4292c6', '#2171b5',
      '#08519c', '#08306b' },
}

return settings
