-- What the readers of `reading` ask: one question again and again, or one that nobody has asked before each time.
--
--     wrk -t1 … -s reading.lua URL -- TOKEN PATH PAUSE      each `{}` of the path stands for another number below 1 each time
--
-- PAUSE is how many milliseconds a reader thinks between two questions on average; 0: not at all.

local path, pause, number = "", 0, 0

function init(words)
  wrk.headers["Authorization"] = "Bearer " .. words[1]
  path, pause = words[2], tonumber(words[3])
  math.randomseed(os.time())
  number = math.random()
end

function request()
  -- Steps of the golden ratio: never the same twice, and spread evenly over what is asked.
  number = (number + 0.6180339887498949) % 1
  return wrk.format("GET", (path:gsub("{}", string.format("%.12f", number))))
end

function delay()
  return pause > 0 and math.random(0, 2 * pause) or 0
end

function done(summary, latency, requests)
  local errors = summary.errors
  local wrong = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format(
    '\n{"requests": %d, "seconds": %f, "bytes": %d, "wrong": %d, "p50": %f, "p95": %f, "p99": %f}\n',
    summary.requests, summary.duration / 1e6, summary.bytes, wrong,
    latency:percentile(50) / 1e3, latency:percentile(95) / 1e3, latency:percentile(99) / 1e3
  ))
end
