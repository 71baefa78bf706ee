local NUMBER <const>, X <const>, Y <const> = 1, 2, 3
local ADD <const>, TIMES <const>, LARGER <const>, IF_LESS <const> = 4, 5, 6, 7

local state = 42

local function below(bound)
  state = state * 16807 % 2147483647
  return state % bound
end

local function random_expr(depth)
  if depth == 0 then
    local kind = below(3)
    if kind == 0 then
      return { kind = NUMBER, number = below(10) }
    elseif kind == 1 then
      return { kind = X }
    end
    return { kind = Y }
  end
  local kind = below(7)
  local left = random_expr(depth - 1)
  local right = random_expr(depth - 1)
  if kind <= 2 then
    return { kind = ADD, left = left, right = right }
  elseif kind <= 4 then
    return { kind = TIMES, left = left, right = right }
  elseif kind == 5 then
    return { kind = LARGER, left = left, right = right }
  end
  return { kind = IF_LESS, left = left, right = right, yes = right, no = left }
end

local function is(expr, n)
  return expr.kind == NUMBER and expr.number == n
end

local function simpler(expr)
  local kind = expr.kind
  if kind <= Y then
    return expr
  end
  local a, b = simpler(expr.left), simpler(expr.right)
  if kind == ADD or kind == TIMES then
    local neutral = kind == ADD and 0 or 1
    if is(a, neutral) then
      return b
    elseif is(b, neutral) then
      return a
    elseif a.kind == NUMBER and b.kind == NUMBER then
      local number = kind == ADD and a.number + b.number or a.number * b.number
      return { kind = NUMBER, number = number }
    end
    return { kind = kind, left = a, right = b }
  elseif kind == LARGER then
    return { kind = LARGER, left = a, right = b }
  end
  return { kind = IF_LESS, left = a, right = b, yes = simpler(expr.yes), no = simpler(expr.no) }
end

local function value(expr, at)
  local kind = expr.kind
  if kind == NUMBER then
    return expr.number
  elseif kind == X then
    return at.x
  elseif kind == Y then
    return at.y
  elseif kind == ADD then
    return (value(expr.left, at) + value(expr.right, at)) % 1000003
  elseif kind == TIMES then
    return value(expr.left, at) * value(expr.right, at) % 1000003
  elseif kind == LARGER then
    local left, right = value(expr.left, at), value(expr.right, at)
    return left > right and left or right
  elseif value(expr.left, at) < value(expr.right, at) then
    return value(expr.yes, at)
  end
  return value(expr.no, at)
end

local rounds = math.tointeger(arg[1])
local expr = simpler(random_expr(8))
local at = { x = 1, y = 2 }
local sum = 0
for round = 0, rounds - 1 do
  sum = sum + value(expr, at)
  at.x = sum % 1009
  at.y = (at.y + round) % 1013
end
print(sum)
