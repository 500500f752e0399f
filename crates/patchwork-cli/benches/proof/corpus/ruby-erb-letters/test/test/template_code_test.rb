require "minitest/autorun"
require "mailing/letter"

class TemplateCodeTest < Minitest::Test
  CODE = ["<%= 6 * 7 %>", "<% $ran = true %>", "<%- $ran = true -%>", "<%=\n$ran = true\n%>", "<<%=% $ran = true %>",
          "<%%= 1 %>", "%> <% $ran = true", "<%# hidden %>", "<<%=%= $ran = true %>", "\n% $ran = true\n"].freeze

  def letter(name, city: "Cork", text: "In {{city}}", sender: "Tom")
    contact = Mailing::Contact.new(name, "a@example.org", city, false)
    Mailing::Letter.new("Dear {{name}}", text, sender).for(contact)
  end

  def setup
    $ran = nil
  end

  def test_a_name_is_text
    CODE.each do |code|
      assert_equal "Dear #{code},\n\nIn Cork\n\nYours, Tom\n", letter(code), code
      assert_equal "Dear A,\n\nIn #{code}\n\nYours, Tom\n", letter("A", city: code), code
      assert_nil $ran, code
    end
  end

  def test_the_text_and_the_sender_are_text
    CODE.each do |code|
      assert_equal "Dear A,\n\n#{code}\n\nYours, Tom\n", letter("A", text: code), code
      assert_equal "Dear A,\n\nIn Cork\n\nYours, #{code}\n", letter("A", sender: code), code
      assert_nil $ran, code
    end
  end

  def test_a_name_does_not_reach_what_is_inside
    refute_includes letter("<%= contact.address %>"), "a@example.org"
    refute_includes letter("{{city}}", text: "x"), "Cork"
  end
end
