local function matrix(n)
  local rows = {}
  for i = 0, n - 1 do
    local row = {}
    for j = 0, n - 1 do
      row[j + 1] = (i - j) * (i + j) / n / n
    end
    rows[i + 1] = row
  end
  return rows
end

local function transposed(a)
  local n = #a
  local rows = {}
  for i = 1, n do
    local row = {}
    for j = 1, n do
      row[j] = a[j][i]
    end
    rows[i] = row
  end
  return rows
end

local function product(a, b)
  local n = #a
  local columns = transposed(b)
  local rows = {}
  for i = 1, n do
    local left, row = a[i], {}
    for j = 1, n do
      local right, sum = columns[j], 0.0
      for k = 1, n do
        sum = sum + left[k] * right[k]
      end
      row[j] = sum
    end
    rows[i] = row
  end
  return rows
end

local n = math.tointeger(arg[1])
local c = product(matrix(n), matrix(n))
print(string.format("%.6f %.6f %.6f", c[1][1], c[n // 2 + 1][n // 2 + 1], c[n][n - 1]))
