local n = math.tointeger(arg[1])
print(n)
