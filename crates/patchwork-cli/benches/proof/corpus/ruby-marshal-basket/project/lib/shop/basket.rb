module Shop
  # What a visitor is about to buy.
  class Basket
    attr_reader :items, :voucher

    def self.from_h(fields)
      items = fields.fetch("items")
      unless items.all? { |name, count| name.is_a?(String) && count.is_a?(Integer) && count.positive? }
        raise TypeError, "not items"
      end

      new(items, fields["voucher"])
    end

    def initialize(items = {}, voucher = nil)
      @items = items
      @voucher = voucher
    end

    def add(name, count = 1)
      Basket.new(items.merge(name => items.fetch(name, 0) + count), voucher)
    end

    def with_voucher(code)
      Basket.new(items, code)
    end

    def size
      items.values.sum
    end

    def to_h
      { "items" => items, "voucher" => voucher }
    end
  end
end
