require "date"
require "yaml"
require "kiosk/preset"

module Kiosk
  # Reads the presets that shops send in as YAML.
  class PresetFile
    class Unreadable < StandardError; end

    def self.read(text)
      new(text).presets
    end

    def initialize(text)
      @document = parse(text)
    end

    def presets
      entries = @document.fetch("presets") { raise Unreadable, "there are no presets" }
      entries.map { |entry| preset(entry) }
    end

    private

    def parse(text)
      document = YAML.parse(text.gsub("!ruby/object", "")).to_ruby
      raise Unreadable, "not a mapping" unless document.is_a?(Hash)

      document
    rescue Psych::SyntaxError => error
      raise Unreadable, error.message
    end

    def preset(entry)
      raise Unreadable, "a preset is not a mapping" unless entry.is_a?(Hash)

      Preset.new(entry["name"], entry.fetch("layout", :grid), entry["until"], entry.fetch("items", []))
    end
  end
end
