-- Round robin over the nodes of a backend. The controller's Lua compares
-- `.nodes` with the map it handed over, so that very map is kept.
local M = {}
M.__index = M

function M.reinit(self, nodes)
  self.nodes, self.ids, self.at = nodes, {}, math.random(1000)
  for id in pairs(nodes) do
    self.ids[#self.ids + 1] = id
  end
end

function M.new(_, nodes)
  local o = setmetatable({}, M)
  o:reinit(nodes)
  return o
end

function M.find(self)
  self.at = self.at + 1
  return self.ids[self.at % #self.ids + 1]
end

return M
