local function split(text, separator)
  local parts, from = {}, 1
  while true do
    local first, last = text:find(separator, from, true)
    if not first then
      parts[#parts + 1] = text:sub(from)
      return parts
    end
    parts[#parts + 1] = text:sub(from, first - 1)
    from = last + 1
  end
end

local rounds = math.tointeger(arg[1])
local length, sevens = 0, 0
for round = 0, rounds - 1 do
  local parts = {}
  for i = 0, 999 do
    parts[#parts + 1] = "item " .. i .. " of " .. round .. ": " .. i * round % 1000
  end
  local text = table.concat(parts, ", ")
  length = length + #text
  for _, part in ipairs(split(text, ", ")) do
    if part:sub(-1) == "7" then
      sevens = sevens + 1
    end
  end
end
print(length .. " " .. sevens)
