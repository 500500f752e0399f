module Account
  # The time, which tests can set.
  class Clock
    def initialize(fixed = nil)
      @fixed = fixed
    end

    def now
      @fixed || Time.now.to_i
    end

    def pass(seconds)
      @fixed = now + seconds
    end
  end
end
