--- Pools of workers, for specs.
-- @module spec.support.pools
local pools = {}

--- What a pool gives next, waiting as long as it takes.
-- @tparam userdata pool of `lacuna.worker`
-- @return id, whether it went well, bytes
function pools.get(pool)
   for _ = 1, 600 do
      local id, ok, bytes = pool:get(0.1)
      if id then return id, ok, bytes end
   end
   error 'the pool gave nothing in a minute'
end

return pools
