module Mailing
  # Somebody who has signed up.
  Contact = Struct.new(:name, :address, :city, :left) do
    def self.parse(line)
      name, address, city, left = line.split(";").map(&:strip)
      raise ArgumentError, "no address in #{line}" unless address.to_s.include?("@")

      new(name, address, city.to_s, left == "left")
    end

    def wants_mail?
      !left
    end
  end
end
