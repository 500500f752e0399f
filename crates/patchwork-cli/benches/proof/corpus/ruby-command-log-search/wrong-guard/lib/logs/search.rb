require "open3"
require "logs/entry"

module Logs
  # Looks for words in the log files of a folder.
  class Search
    class Failed < StandardError; end

    LIMIT = 200

    def initialize(folder)
      @folder = folder
    end

    # The lines that hold a text, as entries, the newest last.
    def lines(text, service: "*")
      raise ArgumentError, "nothing to look for" if text.to_s.empty?

      output, errors, status = Open3.capture3("grep -hiF -e '#{text.delete("'")}' #{service}.log", chdir: @folder)
      raise Failed, errors.strip if status.exitstatus > 1

      output.lines.last(LIMIT).map { |line| Entry.parse(line.chomp) }
    end

    # How many lines of each service hold it.
    def counts(text)
      lines(text).group_by(&:service).transform_values(&:size)
    end
  end
end
