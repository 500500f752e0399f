require "time"

module Logs
  # One line of a log: `2024-05-01T10:00:00Z mail WARN text`.
  Entry = Struct.new(:time, :service, :level, :text) do
    def self.parse(line)
      time, service, level, text = line.split(" ", 4)
      new(Time.iso8601(time), service, level.to_s.downcase.to_sym, text.to_s)
    rescue ArgumentError, TypeError
      new(nil, "unknown", :info, line)
    end

    def to_s
      stamp = time ? time.strftime("%d.%m. %H:%M") : "--"
      "#{stamp} [#{service}] #{text}"
    end
  end
end
