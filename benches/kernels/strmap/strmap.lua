local function make_text()
  local words = {}
  local random = 42
  for i = 1, 10000 do
    random = random * 16807 % 2147483647
    words[i] = "word" .. random % 2000 * 7919
  end
  return table.concat(words, " ")
end

local rounds = math.tointeger(arg[1])
local text = make_text()
local counts = {}
for _ = 1, rounds do
  for word in text:gmatch("[^ ]+") do
    counts[word] = (counts[word] or 0) + 1
  end
end
local length, word, most = 0, "", 0
for key, count in pairs(counts) do
  length = length + 1
  if count > most or count == most and key < word then
    word, most = key, count
  end
end
print(length .. " " .. word .. " " .. most)
