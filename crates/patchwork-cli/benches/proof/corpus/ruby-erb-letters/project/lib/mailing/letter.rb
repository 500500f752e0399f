require "erb"
require "mailing/contact"

module Mailing
  # Letters that are written to many, with the names of each.
  class Letter
    SIGNATURE = "Yours, <%= sender %>"

    def initialize(greeting, text, sender)
      @greeting = greeting
      @text = text
      @sender = sender
    end

    # The letter for one contact. `{{name}}` and `{{city}}` stand for what is known of it.
    def for(contact)
      fields = { "name" => contact.name, "city" => contact.city }
      filled = ->(text) { text.gsub(/\{\{(\w+)\}\}/) { fields.fetch(Regexp.last_match(1), "") } }
      sender = @sender
      ERB.new("#{filled.call(@greeting)},\n\n#{filled.call(@text)}\n\n#{SIGNATURE}\n").result(binding)
    end

    def each_for(contacts)
      contacts.select(&:wants_mail?).map { |contact| [contact.address, self.for(contact)] }
    end
  end
end
