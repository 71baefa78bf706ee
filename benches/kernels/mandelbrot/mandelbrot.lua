local function stays(cr, ci)
  local r, i = 0.0, 0.0
  for _ = 1, 50 do
    local rr, ii = r * r, i * i
    if rr + ii > 4.0 then
      return false
    end
    i = 2.0 * r * i + ci
    r = rr - ii + cr
  end
  return true
end

local n = math.tointeger(arg[1])
local step = 2.0 / n
local inside = 0
for y = 0, n - 1 do
  for x = 0, n - 1 do
    if stays(x * step - 1.5, y * step - 1.0) then
      inside = inside + 1
    end
  end
end
print(inside)
