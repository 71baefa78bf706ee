local STEPS <const> = 100000

local function integrate(f, from, to)
  local width = (to - from) / STEPS
  local sum = 0.0
  for i = 0, STEPS - 1 do
    sum = sum + f(from + (i + 0.5) * width)
  end
  return sum * width
end

local function bell(x)
  return 1.0 / (1.0 + x * x)
end

local function wave(x)
  return x * (1.0 - x) * (2.0 - x)
end

local rounds = math.tointeger(arg[1])
local area = 0.0
for round = 1, rounds do
  area = area + integrate(bell, 0.0, round)
  area = area + integrate(wave, 0.0, 1.0 / round)
end
print(string.format("%.9f", area))
