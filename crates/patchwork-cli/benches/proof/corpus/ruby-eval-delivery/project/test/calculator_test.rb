require "minitest/autorun"
require "pricing/calculator"

class CalculatorTest < Minitest::Test
  def price(formula, minimum: 0, **values)
    tariff = Pricing::Tariff.new("eu", formula, minimum)
    Pricing::Calculator.new(tariff).price(weight: 3, distance: 100, **values)
  end

  def test_products_go_before_sums
    assert_equal 506, price("500 + weight * 2")
    assert_equal 1006, price("(500 + weight) * 2")
    assert_equal 203, price("distance*2+weight")
  end

  def test_differences_go_from_the_left
    assert_equal 90, price("distance - weight - 7")
    assert_equal 5, price("distance / 10 / 2")
  end

  def test_parts_of_a_cent_are_rounded_up
    assert_equal 8, price("weight * 2.5")
  end

  def test_the_number_of_pieces_counts
    assert_equal 400, price("distance * pieces", pieces: 4)
  end

  def test_there_is_a_least_price
    assert_equal 900, price("weight", minimum: 900)
    assert_equal 0, price("-weight")
  end

  def test_what_is_no_formula_is_named
    ["weight +", "height * 2", "(weight", "weight / 0"].each do |formula|
      error = assert_raises(Pricing::Calculator::BadFormula, formula) { price(formula) }
      assert_equal formula, error.message
    end
  end
end
