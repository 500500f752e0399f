require "base64"
require "json"
require "shop/basket"

module Shop
  # Keeps a basket in a cookie of the visitor.
  class BasketCookie
    MAX_SIZE = 3_000

    def self.write(basket)
      text = Base64.strict_encode64(Marshal.dump(basket.to_h))
      raise ArgumentError, "too much in the basket" if text.bytesize > MAX_SIZE

      text
    end

    # The basket of a cookie; an empty one when there is none that can be read.
    def self.read(text)
      return Basket.new if text.to_s.empty? || text.bytesize > MAX_SIZE

      bytes = Base64.strict_decode64(text)
      raise TypeError, "an object" if bytes.include?("o:")

      Basket.from_h(Marshal.load(bytes))
    rescue ArgumentError, TypeError, NoMethodError, KeyError
      Basket.new
    end
  end
end
