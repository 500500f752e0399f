require "account/clock"

module Account
  # Codes that are sent by mail to people who have forgotten their password.
  class ResetCodes
    LETTERS = [*"A".."Z", *"2".."9"].freeze - %w[I O]
    LENGTH = 10
    MINUTES = 30

    def initialize(clock = Clock.new)
      @clock = clock
      @codes = {}
    end

    # A new code; an older one of the same user is not good any more.
    def issue(user)
      reset_token = Array.new(LENGTH) { LETTERS[generator.rand(LETTERS.size)] }.join
      @codes.delete_if { |_, (owner, _)| owner == user }
      @codes[reset_token] = [user, @clock.now + MINUTES * 60]
      reset_token
    end

    # The user whose code it is, once; nil when it is none or too old.
    def redeem(code)
      user, ends = @codes.delete(code.to_s.strip.upcase)
      user if ends && @clock.now <= ends
    end

    private

    def generator
      @generator ||= Random.new(@clock.now)
    end
  end
end
