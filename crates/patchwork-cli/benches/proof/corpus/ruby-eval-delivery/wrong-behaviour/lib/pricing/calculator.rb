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
      tokens = formula.scan(/\d+(?:\.\d+)?|[a-z_]+|\S/)
      tokens = tokens.map { |token| token =~ /\A\d/ ? token.to_f : values.fetch(token, token) }
      result = tokens.shift
      tokens.each_slice(2) { |operator, value| result = result.public_send(operator.to_sym, value) }
      result
    rescue NameError, TypeError, NoMethodError, ZeroDivisionError
      raise BadFormula, formula
    end
  end
end
