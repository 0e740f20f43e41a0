-- Rendezvous hashing: the node with the largest hash of id and key.
local M = {}
M.__index = M

function M.reinit(self, nodes)
  self.nodes = nodes
end

function M.new(_, nodes)
  local o = setmetatable({}, M)
  o:reinit(nodes)
  return o
end

function M.find(self, key)
  local best, largest
  for id in pairs(self.nodes) do
    local hash = ngx.crc32_long(id .. tostring(key))
    if not largest or hash > largest then
      best, largest = id, hash
    end
  end
  return best
end

return M
