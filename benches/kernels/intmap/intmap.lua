local rounds = math.tointeger(arg[1])
local counts = {}
local random, length, found, removed = 42, 0, 0, 0
for _ = 1, rounds do
  for _ = 1, 20000 do
    random = random * 16807 % 2147483647
    local key = random % 20000 * 7919
    counts[key] = (counts[key] or 0) + 1
  end
  for i = 0, 19999 do
    local count = counts[i * 7919]
    if count then
      found = found + count
    end
  end
  for i = 0, 999 do
    if counts[i * 7919] then
      counts[i * 7919] = nil
      removed = removed + 1
    end
  end
end
for _ in pairs(counts) do
  length = length + 1
end
print(length .. " " .. found .. " " .. removed)
