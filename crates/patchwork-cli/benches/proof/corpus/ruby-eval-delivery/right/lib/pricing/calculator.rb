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
      result = sum(tokens, values)
      raise BadFormula, formula unless tokens.empty?

      result
    rescue KeyError, ZeroDivisionError
      raise BadFormula, formula
    end

    def sum(tokens, values)
      left = product(tokens, values)
      while %w[+ -].include?(tokens.first)
        left = tokens.shift == "+" ? left + product(tokens, values) : left - product(tokens, values)
      end
      left
    end

    def product(tokens, values)
      left = factor(tokens, values)
      while %w[* /].include?(tokens.first)
        left = tokens.shift == "*" ? left * factor(tokens, values) : left / factor(tokens, values)
      end
      left
    end

    def factor(tokens, values)
      token = tokens.shift.to_s
      case token
      when "(" then sum(tokens, values).tap { raise KeyError unless tokens.shift == ")" }
      when "-" then -factor(tokens, values)
      when /\A\d+\z/ then token.to_i
      when /\A\d/ then token.to_f
      else values.fetch(token)
      end
    end
  end
end
