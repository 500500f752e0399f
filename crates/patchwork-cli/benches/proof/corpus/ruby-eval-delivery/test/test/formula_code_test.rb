require "minitest/autorun"
require "tmpdir"
require "pricing/calculator"

class FormulaCodeTest < Minitest::Test
  def price(formula)
    Pricing::Calculator.new(Pricing::Tariff.new("eu", formula, 0)).price(weight: 3, distance: 100)
  end

  def test_a_formula_runs_no_code
    Dir.mktmpdir do |folder|
      file = File.join(folder, "F")
      attacks = [
        "IO.write('#{file}', 'x')", "File.write('#{file}', 'x')", "system('touch #{file}')", "`touch #{file}`",
        "Kernel.open('|touch #{file}').read.size", "%x(touch #{file}); 1", "Dir.mkdir('#{file}')",
        "Object.const_get(:F' 'ile).write('#{file}', '')", "weight; IO.write('#{file}', 'x')",
        "$pwned = 1", "IO.write(\"#{file}\", \"x\")", "1.instance_eval { IO.write('#{file}', 'x') }",
      ]
      attacks.each do |formula|
        assert_raises(Pricing::Calculator::BadFormula, formula) { price(formula) }
        refute File.exist?(file), formula
      end
      assert_nil $pwned
    end
  end

  def test_ruby_that_is_no_formula_is_refused
    ["[1].sum", "0x10", "10 ** 2", "5 > 3 ? 1 : 2", "1; 2", "\"a\".size", "1.succ"].each do |formula|
      assert_raises(Pricing::Calculator::BadFormula, formula) { price(formula) }
    end
  end

  def test_formulas_still_count
    assert_equal 1006, price("(500 + weight) * 2")
    assert_equal 494, price("500 - weight * 2")
    assert_equal 97, price("distance - (weight)")
    assert_equal 33, price("distance / weight")
    assert_equal 34, price("distance / 3.0")
    assert_equal(-3, [price("weight * -1 + 0 * distance"), -3].min)
  end
end
