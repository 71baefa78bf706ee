local BLOCK <const> = 100000

local blocks = math.tointeger(arg[1])
local sum, sign = 0.0, 1.0
for block = 0, blocks - 1 do
  for k = block * BLOCK, (block + 1) * BLOCK - 1 do
    sum = sum + sign / (2 * k + 1)
    sign = -sign
  end
end
print(string.format("%.12f", 4.0 * sum))
