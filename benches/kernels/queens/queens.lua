local Board = {}
Board.__index = Board

local function all_free(count)
  local flags = {}
  for i = 1, count do
    flags[i] = true
  end
  return flags
end

function Board.new(size)
  return setmetatable({
    size = size,
    columns = all_free(size),
    rising = all_free(2 * size),
    falling = all_free(2 * size),
  }, Board)
end

function Board:is_free(row, column)
  return self.columns[column]
    and self.rising[row + column - 1]
    and self.falling[row - column + self.size]
end

function Board:mark(row, column, free)
  self.columns[column] = free
  self.rising[row + column - 1] = free
  self.falling[row - column + self.size] = free
end

function Board:solutions(row)
  if row > self.size then
    return 1
  end
  local count = 0
  for column = 1, self.size do
    if self:is_free(row, column) then
      self:mark(row, column, false)
      count = count + self:solutions(row + 1)
      self:mark(row, column, true)
    end
  end
  return count
end

print(Board.new(math.tointeger(arg[1])):solutions(1))
