local function adder(n)
  return function(x) return x + n end
end

local function compose(f, g)
  return function(x) return g(f(x)) end
end

local function map(xs, f)
  local out = {}
  for i = 1, #xs do
    out[i] = f(xs[i])
  end
  return out
end

local function filter(xs, keep)
  local out = {}
  for i = 1, #xs do
    local x = xs[i]
    if keep(x) then
      out[#out + 1] = x
    end
  end
  return out
end

local function fold(xs, start, f)
  for i = 1, #xs do
    start = f(start, xs[i])
  end
  return start
end

local rounds = math.tointeger(arg[1])
local xs = {}
for i = 1, 1000 do
  xs[i] = i - 1
end
local total = 0
for round = 0, rounds - 1 do
  local step = compose(adder(round), function(x) return x * 3 % 1001 end)
  local even = filter(map(xs, step), function(x) return x % 2 == 0 end)
  total = total + fold(even, 0, function(sum, x) return sum + x end)
end
print(total)
