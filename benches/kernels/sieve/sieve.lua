local function primes(limit)
  local is_prime = {}
  for i = 1, limit do
    is_prime[i] = true
  end
  local found = 0
  for i = 2, limit do
    if is_prime[i] then
      found = found + 1
      for multiple = i * i, limit, i do
        is_prime[multiple] = false
      end
    end
  end
  return found
end

local rounds = math.tointeger(arg[1])
local found = 0
for round = 1, rounds do
  found = found + primes(400000 + round)
end
print(found)
