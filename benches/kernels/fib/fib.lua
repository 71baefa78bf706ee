local function fib(n)
  if n < 2 then return n end
  return fib(n - 1) + fib(n - 2)
end

local n = math.tointeger(arg[1])
local sum = 0
for k = 0, n do
  sum = sum + fib(k)
end
print(sum)
