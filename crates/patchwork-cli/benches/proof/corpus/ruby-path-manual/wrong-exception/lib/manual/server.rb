require "manual/page"

module Manual
  # Answers requests for the pages and pictures of a manual.
  class Server
    TYPES = { ".md" => "text/markdown", ".png" => "image/png", ".txt" => "text/plain" }.freeze

    def initialize(folder)
      @folder = folder
    end

    # Status, type and body for the parameters of a request: `file`, and `lang` for a translation.
    def call(params)
      path, body = found(params)
      type = TYPES[File.extname(path)]
      return [415, "text/plain", "no such type"] unless type

      body = Page.new(body.force_encoding("UTF-8")).numbered if type == "text/markdown"
      [200, type, body]
    rescue Errno::ENOENT, Errno::EISDIR, Errno::ENOTDIR
      [404, "text/plain", "not found"]
    end

    private

    def found(params)
      name = File.join(*[params["lang"], params["file"]].compact)
      path = File.expand_path(name, @folder)
      raise "outside" unless path.start_with?(@folder)

      [path, File.binread(path)]
    rescue StandardError
      ["empty.txt", ""]
    end
  end
end
