local function flips(pancakes)
  local count = 0
  while true do
    local top = pancakes[1]
    if top == 1 then
      return count
    end
    local low, high = 1, top
    while low < high do
      pancakes[low], pancakes[high] = pancakes[high], pancakes[low]
      low, high = low + 1, high - 1
    end
    count = count + 1
  end
end

-- The next permutation, or false after the last one.
local function next_order(order, turns, n)
  for r = 2, n do
    local first = order[1]
    for i = 1, r - 1 do
      order[i] = order[i + 1]
    end
    order[r] = first
    turns[r] = turns[r] + 1
    if turns[r] < r then
      return true
    end
    turns[r] = 0
  end
  return false
end

local n = math.tointeger(arg[1])
local order, turns, pancakes = {}, {}, {}
for i = 1, n do
  order[i], turns[i], pancakes[i] = i, 0, 0
end
local most, checksum, number = 0, 0, 0
repeat
  for i = 1, n do
    pancakes[i] = order[i]
  end
  local count = flips(pancakes)
  if count > most then
    most = count
  end
  if number % 2 == 0 then
    checksum = checksum + count
  else
    checksum = checksum - count
  end
  number = number + 1
until not next_order(order, turns, n)
print(checksum .. " " .. most)
