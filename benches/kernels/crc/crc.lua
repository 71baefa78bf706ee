local function make_table()
  local entries = {}
  for byte = 0, 255 do
    local entry = byte
    for _ = 1, 8 do
      if entry & 1 == 1 then
        entry = 0xEDB88320 ~ entry >> 1
      else
        entry = entry >> 1
      end
    end
    entries[byte] = entry
  end
  return entries
end

local function crc(entries, data, start)
  local sum = start ~ 0xFFFFFFFF
  for i = 1, #data do
    sum = entries[(sum ~ data:byte(i)) & 0xFF] ~ sum >> 8
  end
  return sum ~ 0xFFFFFFFF
end

local rounds = math.tointeger(arg[1])
local entries = make_table()
local bytes = {}
for i = 0, 65535 do
  bytes[i + 1] = string.char(i * 7 + i // 256 & 0xFF)
end
local data = table.concat(bytes)
local sum = 0
for _ = 1, rounds do
  sum = crc(entries, data, sum)
end
print(sum)
