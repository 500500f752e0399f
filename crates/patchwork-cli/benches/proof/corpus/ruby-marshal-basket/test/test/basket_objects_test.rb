require "minitest/autorun"
require "shop/basket_cookie"

class BasketObjectsTest < Minitest::Test
  class << self
    attr_accessor :made
  end

  class Loaded
    def marshal_load(_fields)
      BasketObjectsTest.made = true
    end

    def marshal_dump
      1
    end
  end

  class Dumped
    def self._load(_text)
      BasketObjectsTest.made = true
      new
    end

    def _dump(_level)
      ""
    end
  end

  class Plain
    def all?
      BasketObjectsTest.made = true
    end

    def to_str
      BasketObjectsTest.made = true
      ""
    end
  end

  class Text < String
    def hash
      BasketObjectsTest.made = true
      super
    end
  end

  def test_a_cookie_makes_no_object
    [Loaded.new, Dumped.new, { "items" => Plain.new }, { "items" => {}, "voucher" => Loaded.new },
     { "items" => { Text.new("tea") => 1 } }, { "items" => { Dumped.new => 1 } }].each do |value|
      cookie = Base64.strict_encode64(Marshal.dump(value))
      BasketObjectsTest.made = false
      assert_equal 0, Shop::BasketCookie.read(cookie).size
      refute BasketObjectsTest.made, value.inspect
    end
  end

  def test_a_cookie_of_another_shape_is_an_empty_basket
    ["[]", "3", "{}", "{\"items\": []", "{\"items\": {\"tea\": -1}}", "null"].each do |text|
      assert_equal 0, Shop::BasketCookie.read(Base64.strict_encode64(text)).size, text
    end
  end

  def test_baskets_still_come_back
    basket = Shop::Basket.new.add("tea", 3).with_voucher("MAY")
    assert_equal basket.to_h, Shop::BasketCookie.read(Shop::BasketCookie.write(basket)).to_h
  end
end
