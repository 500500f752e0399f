require "minitest/autorun"
require "pricing/tariff"

class TariffTest < Minitest::Test
  def test_tariffs_are_read
    list = Pricing::TariffList.read("zone,formula,minimum\neu,weight * 2,500\nch,weight * 3,700\n")
    assert_equal %w[ch eu], list.zones
    assert_equal "weight * 3", list.for_zone("ch").formula
    assert_equal 500, list.for_zone("eu").minimum
    assert_raises(KeyError) { list.for_zone("us") }
  end
end
