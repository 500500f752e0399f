require "minitest/autorun"
require "shop/basket_cookie"

class BasketTest < Minitest::Test
  def setup
    @basket = Shop::Basket.new.add("tea").add("cup", 2).add("tea").with_voucher("MAY")
  end

  def test_a_basket_counts
    assert_equal({ "tea" => 2, "cup" => 2 }, @basket.items)
    assert_equal 4, @basket.size
    assert_equal 0, Shop::Basket.new.size
  end

  def test_a_basket_comes_back_from_its_cookie
    back = Shop::BasketCookie.read(Shop::BasketCookie.write(@basket))
    assert_equal @basket.to_h, back.to_h
    assert_equal 5, back.add("cup").size
  end

  def test_names_may_have_any_letters
    basket = Shop::Basket.new.add("Grüner Tee \"fein\"").add("茶")
    assert_equal basket.to_h, Shop::BasketCookie.read(Shop::BasketCookie.write(basket)).to_h
  end

  def test_a_cookie_that_can_not_be_read_is_an_empty_basket
    ["", nil, "%%%", "bm90aGluZw==", "x" * 4_000].each do |text|
      assert_equal 0, Shop::BasketCookie.read(text).size, text.inspect
    end
  end

  def test_a_cookie_fits_into_a_header
    cookie = Shop::BasketCookie.write(@basket)
    assert_match(/\A[\x21-\x7e&&[^;,]]+\z/, cookie)
    big = (1..900).reduce(Shop::Basket.new) { |basket, n| basket.add("item#{n}") }
    assert_raises(ArgumentError) { Shop::BasketCookie.write(big) }
  end
end
