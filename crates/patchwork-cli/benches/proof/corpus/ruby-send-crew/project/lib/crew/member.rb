require "date"

module Crew
  # Somebody on board.
  class Member
    attr_reader :name, :role, :since, :pin

    def initialize(name, role, since, pin)
      @name = name
      @role = role
      @since = since
      @pin = pin
      @active = true
    end

    def years(today = Date.today)
      today.year - since.year - (today.yday < since.yday ? 1 : 0)
    end

    def initials
      name.split.map { |word| word[0] }.join
    end

    def active?
      @active
    end

    def dismiss
      @active = false
      name
    end
  end
end
