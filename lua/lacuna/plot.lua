--- Plots as PNG or SVG files, or as text in the terminal, drawn by gnuplot where it is installed.
--
--     local plot = require 'lacuna.plot'
--     assert(plot.lines { path = 'loss.png', title = 'loss', series = { { y = losses } } })
--     assert(plot.scatter { path = 'map.png', points = places, labels = classes })
--     plot.histogram { values = net:get(1).weight, terminal = true }
--
-- Text is drawn as it is: nothing in a label or a name is ever a command.
--
-- All take these options: `path`, ending in .png or .svg, or `terminal`: `true` prints the plot as
-- text, in colours on a terminal unless NO_COLOR is set, and `'text'` gives it back as a string;
-- `title`; `xLabel`; `yLabel`; `width` and `height`, in pixels, or in characters for text, where
-- the size of the terminal is the default. All give true, or nil and why not: where there is no
-- gnuplot, say. Confusion matrices and pictures need none in the terminal.
-- @module lacuna.plot
local confusion = require 'lacuna.plot.confusion'
local curves = require 'lacuna.plot.lines'
local histogram = require 'lacuna.plot.histogram'
local picture = require 'lacuna.plot.picture'
local scatter = require 'lacuna.plot.scatter'

local plot = require 'lacuna.plot.settings'

--- Draws points in the plane, those of each class in a colour and with a mark of its own.
-- @tparam table options `points`: n x 2 numbers, a table or a tensor; `labels`: a string or number
-- for each; `names`: by label, what the legend says instead; `pointSize = 0.8`; `axes = true`:
-- false hides the scales, which mean nothing for a t-SNE; `path` or `terminal`; `title`; `xLabel`;
-- `yLabel`; `width = 960`; `height = 640`
-- @treturn ?boolean|string true, or the text
-- @treturn ?string why not, where there is no gnuplot, say
function plot.scatter(options) return scatter(options) end

--- Draws curves, such as those of a loss.
-- @tparam table options `series`: a list of `{ name =, x =, y = }`, tables or vectors, x being
-- 1, 2, … where it is left out, nan leaving a gap; `smooth = 0`: from 0 to below 1, how much of a
-- running mean each value keeps of those before it, with the values themselves pale behind it;
-- `vertical`: a list of numbers or of `{ x =, name = }` at which a line stands, the best epoch,
-- say; `logX = false`; `logY = false`; `marks = false`: whether to mark each point; `path` or
-- `terminal`; `title`; `xLabel`; `yLabel`; `width = 960`; `height = 640`
-- @treturn ?boolean|string true, or the text
-- @treturn ?string why not, where there is no gnuplot, say
-- @usage plot.lines { path = 'loss.png', series = { { name = 'training', y = losses } },
--    smooth = 0.6, vertical = { { x = best, name = 'best' } } }
function plot.lines(options) return curves.lines(options) end

--- Draws precision over recall.
-- @tparam table options `series`: a list of `{ name =, result = }`, the result being what
-- `lacuna.retrieval.evaluate` gives, or of `{ name =, precision =, recall = }`; `marks = false`;
-- `path` or `terminal`; `title`; `xLabel = 'recall'`; `yLabel = 'precision'`; `width = 800`;
-- `height = 640`
-- @treturn ?boolean|string true, or the text
-- @treturn ?string why not, where there is no gnuplot, say
-- @usage plot.precisionRecall { path = 'pr.png', series = { { name = 'trained',
--    result = lacuna.retrieval.evaluate(distances, asked, there) } } }
function plot.precisionRecall(options) return curves.precisionRecall(options) end

--- Draws how often values fall between which bounds. The legend counts those outside the range and
-- those that are not finite.
-- @tparam table options `values`: a list of numbers or a tensor of any shape, or `series`: a list
-- of `{ name =, values = }`; `bins = 30`; `range`: two numbers, by default those of all values;
-- `density = false`: scale each series to an area of one; `logX = false`: bins of equal factors;
-- `logY = false`; `path` or `terminal`; `title`; `xLabel`; `yLabel`; `width = 960`; `height = 640`
-- @treturn ?boolean|string true, or the text
-- @treturn ?string why not, where there is no gnuplot, say
function plot.histogram(options) return histogram(options) end

--- Draws which class was taken for which. A cell is as dark as its share of its row.
-- @tparam table options `matrix`: n x n counts, a row for each true class; `names`: the classes;
-- `show = 'counts'`: what cells say, else `'rates'`, percent of the row, or `'none'`;
-- `map = 'blues'`; `path` or `terminal`; `title`; `xLabel = 'predicted'`; `yLabel = 'true'`;
-- `width` and `height`, by default as n needs
-- @treturn ?boolean|string true, or the text
-- @treturn ?string why not, where there is no gnuplot, say
function plot.confusion(options) return confusion(options) end

--- Draws pictures, several in a grid. Numbers for pixels get colours of a map, with a bar that
-- tells them; colours are uint8 from 0 to 255 or float32 from 0 to 1.
-- @tparam table options `image`: a tensor h x w, 1 x h x w, h x w x 3 or 3 x h x w, or `images`: a
-- list of them or a tensor n x 3 x h x w; `titles`: one for each; `columns`; `map = 'viridis'`, one
-- of `plot.maps`; `range = 'all'`: two numbers, or `'all'`: from the least to the greatest of all
-- pictures, or `'each'`: of each; `path` or `terminal`; `title`; `width` and `height`, by default
-- as the pictures need
-- @treturn ?boolean|string true, or the text
-- @treturn ?string why not, where there is no gnuplot, say
function plot.image(options) return picture(options) end

return plot
