local function steps(start)
  local n, count = start, 0
  while n ~= 1 do
    if n % 2 == 0 then
      n = n // 2
    else
      n = 3 * n + 1
    end
    count = count + 1
  end
  return count
end

local limit = math.tointeger(arg[1])
local best, longest = 1, 0
for start = 1, limit - 1 do
  local count = steps(start)
  if count > longest then
    best, longest = start, count
  end
end
print(best .. " " .. longest)
