require "minitest/autorun"
require "kiosk/preset_file"

class PresetFileTest < Minitest::Test
  DOCUMENT = <<~YAML
    common: &common
      - coffee
      - tea
    presets:
      - name: Morning
        layout: :list
        until: 2024-12-31
        items: *common
      - name: Evening
        items: [wine]
  YAML

  def test_presets_are_read
    morning, evening = Kiosk::PresetFile.read(DOCUMENT)
    assert_equal ["Morning", :list, Date.new(2024, 12, 31), %w[coffee tea]], morning.to_a
    assert_equal ["Evening", :grid, nil, %w[wine]], evening.to_a
  end

  def test_presets_end
    morning, evening = Kiosk::PresetFile.read(DOCUMENT)
    assert morning.on?(Date.new(2024, 12, 31))
    refute morning.on?(Date.new(2025, 1, 1))
    assert evening.on?(Date.new(2030, 1, 1))
    assert_equal "Morning (2)", morning.title
  end

  def test_what_is_no_document_is_told
    ["presets: [", "- a", "other: 1", "presets: [3]"].each do |text|
      assert_raises(Kiosk::PresetFile::Unreadable, text) { Kiosk::PresetFile.read(text) }
    end
  end
end
