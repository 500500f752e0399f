require "minitest/autorun"
require "account/reset_codes"

class ResetCodesTest < Minitest::Test
  def setup
    @clock = Account::Clock.new(1_000)
    @codes = Account::ResetCodes.new(@clock)
  end

  def test_a_code_opens_the_account_of_its_user_once
    code = @codes.issue("ann")
    assert_equal "ann", @codes.redeem(code)
    assert_nil @codes.redeem(code)
  end

  def test_a_code_may_be_typed_in_small_letters
    assert_equal "ann", @codes.redeem(" #{@codes.issue("ann").downcase}\n")
  end

  def test_a_code_is_short_and_easy_to_read
    200.times { assert_match(/\A[A-HJ-NP-Z2-9]{10}\z/, @codes.issue("ann")) }
  end

  def test_codes_are_good_for_half_an_hour
    code = @codes.issue("ann")
    @clock.pass(1_800)
    assert_equal "ann", @codes.redeem(code)
    code = @codes.issue("ann")
    @clock.pass(1_801)
    assert_nil @codes.redeem(code)
  end

  def test_only_the_newest_code_of_a_user_is_good
    first = @codes.issue("ann")
    other = @codes.issue("bob")
    second = @codes.issue("ann")
    assert_nil @codes.redeem(first)
    assert_equal %w[ann bob], [@codes.redeem(second), @codes.redeem(other)]
  end

  def test_what_is_no_code_opens_nothing
    [nil, "", "AAAAAAAAAA"].each { |code| assert_nil @codes.redeem(code) }
  end
end
