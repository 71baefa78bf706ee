local function fib(n)
  if n < 2 then return n end
  return fib(n - 1) + fib(n - 2)
end

local rounds = math.tointeger(arg[1])
local sum = 0
for round = 0, rounds - 1 do
  sum = sum + fib(24 + round % 8)
end
print(sum)
