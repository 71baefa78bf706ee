local function grow(depth)
  if depth == 0 then
    return {}
  end
  return { left = grow(depth - 1), right = grow(depth - 1) }
end

local function count(tree)
  if tree.left then
    return 1 + count(tree.left) + count(tree.right)
  end
  return 1
end

local depth = math.tointeger(arg[1])
local long_lived = grow(depth)
local nodes = 0
for at = 4, depth, 2 do
  for _ = 1, 1 << (depth - at) do
    nodes = nodes + count(grow(at))
  end
end
print(nodes .. " " .. count(long_lived))
