module Kiosk
  # What a kiosk shows, and how long.
  Preset = Struct.new(:name, :layout, :until, :items) do
    def on?(day)
      self.until.nil? || day <= self.until
    end

    def title
      "#{name} (#{items.size})"
    end
  end
end
