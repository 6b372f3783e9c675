// Minutes of every tag with their extremes, every minute, over the last fifteen: late readings are taken in again.
option task = {name: "fengsui reading_1m", every: 1m, offset: 10s}

minutes = (fn, name) =>
  from(bucket: "fengsui")
    |> range(start: -15m)
    |> filter(fn: (r) => r._measurement == "reading" and r._field == "value")
    |> aggregateWindow(every: 1m, fn: fn, createEmpty: false)
    |> map(fn: (r) => ({r with _field: name}))
    |> set(key: "_measurement", value: "reading_1m")
    |> to(bucket: "fengsui-minutes")

minutes(fn: mean, name: "mean")
minutes(fn: min, name: "low")
minutes(fn: max, name: "high")
