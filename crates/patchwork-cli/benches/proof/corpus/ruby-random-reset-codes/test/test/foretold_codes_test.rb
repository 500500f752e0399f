require "minitest/autorun"
require "account/reset_codes"

class ForetoldCodesTest < Minitest::Test
  def issued(count = 5)
    codes = Account::ResetCodes.new(Account::Clock.new(1_000))
    Array.new(count) { codes.issue("ann") }
  end

  def test_codes_do_not_follow_from_the_state_of_rand
    [1, 42, 1_000].each do |seed|
      srand(seed)
      first = issued
      srand(seed)
      refute_equal first, issued
    end
  ensure
    srand
  end

  def test_codes_do_not_follow_from_the_time
    refute_equal issued, issued
  end

  def test_codes_leave_the_state_of_rand_alone
    srand(7)
    expected = rand
    srand(7)
    issued
    assert_equal expected, rand
  ensure
    srand
  end

  def test_every_letter_is_used
    assert_equal Account::ResetCodes::LETTERS.sort, issued(500).join.chars.uniq.sort
    assert_equal [10], issued.map(&:size).uniq
  end
end
