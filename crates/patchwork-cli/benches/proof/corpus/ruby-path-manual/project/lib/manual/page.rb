module Manual
  # A page in Markdown whose headings get numbers.
  class Page
    def initialize(text)
      @text = text
    end

    def title
      @text[/^# (.*)$/, 1]
    end

    def numbered
      counts = []
      @text.gsub(/^(##+) /) do
        depth = Regexp.last_match(1).size - 1
        counts = counts.first(depth)
        counts.fill(0, counts.size...depth)
        counts[depth - 1] += 1
        "#{Regexp.last_match(1)} #{counts.join(".")} "
      end
    end
  end
end
