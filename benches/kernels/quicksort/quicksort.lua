local LENGTH <const> = 50000

local function quicksort(xs, from, to)
  local low, high = from, to
  local pivot = xs[(from + to) // 2]
  while low <= high do
    while xs[low] < pivot do
      low = low + 1
    end
    while xs[high] > pivot do
      high = high - 1
    end
    if low <= high then
      xs[low], xs[high] = xs[high], xs[low]
      low, high = low + 1, high - 1
    end
  end
  if from < high then
    quicksort(xs, from, high)
  end
  if low < to then
    quicksort(xs, low, to)
  end
end

local rounds = math.tointeger(arg[1])
local xs = {}
local random, checksum = 42, 0
for _ = 1, rounds do
  for i = 1, LENGTH do
    random = random * 16807 % 2147483647
    xs[i] = random
  end
  quicksort(xs, 1, LENGTH)
  for i = 1, LENGTH do
    checksum = (checksum * 31 + xs[i]) % 1000000007
  end
end
print(checksum .. " " .. xs[1] .. " " .. xs[LENGTH])
