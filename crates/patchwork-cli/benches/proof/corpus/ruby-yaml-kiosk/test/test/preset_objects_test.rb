require "minitest/autorun"
require "ostruct"
require "kiosk/preset_file"

class PresetObjectsTest < Minitest::Test
  class Bomb
    class << self
      attr_accessor :made
    end

    def init_with(_coder)
      Bomb.made = true
    end

    def []=(_key, _value)
      Bomb.made = true
    end
  end

  class List < Array
    def initialize(*)
      Bomb.made = true
      super
    end
  end

  def test_no_object_is_made
    name = "PresetObjectsTest::Bomb"
    ["presets: [{ name: !ruby/object:#{name} {} }]", "presets: !ruby/object:#{name} { a: 1 }",
     "a: !ruby/hash:#{name} { a: 1 }\npresets: []", "--- !ruby/object:#{name} {}",
     "a: !ruby/object:OpenStruct { x: 1 }\npresets: []", "a: !ruby/class String\npresets: []",
     "a: !ruby/regexp /a/\npresets: []", "a: !ruby/struct:Kiosk::Preset { name: x }\npresets: []"].each do |text|
      assert_raises(Kiosk::PresetFile::Unreadable, text) { Kiosk::PresetFile.read(text) }
      refute Bomb.made, text
    end
  end

  def test_what_is_broken_is_still_told
    assert_raises(Kiosk::PresetFile::Unreadable) { Kiosk::PresetFile.read("presets: [") }
  end

  def test_dates_symbols_and_aliases_are_still_read
    presets = Kiosk::PresetFile.read("a: &a [x]\npresets:\n- name: n\n  layout: :list\n  until: 2024-01-02\n  items: *a\n")
    assert_equal [["n", :list, Date.new(2024, 1, 2), ["x"]]], presets.map(&:to_a)
  end
end
