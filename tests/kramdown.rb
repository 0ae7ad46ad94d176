# What the website does with messages, a list of texts as a line of JSON in and their HTML out:
# Liquid's newline_to_br, then Jekyll's markdownify with its default settings (kramdown, GFM, no
# hard wraps). `input` names the parser: GFM, or kramdown, which is the one without it.
require "json"
require "kramdown"
require "kramdown-parser-gfm"

OPTIONS = {
  hard_wrap: false, auto_ids: true, footnote_nr: 1, entity_output: "as_char",
  toc_levels: (1..6).to_a, smart_quotes: "lsquo,rsquo,ldquo,rdquo", syntax_highlighter: nil
}.freeze

$stdout.sync = true
STDIN.each_line do |line|
  request = JSON.parse(line)
  options = OPTIONS.merge(input: request.fetch("input"))
  puts JSON.generate(request.fetch("texts").map { |text|
    Kramdown::Document.new(text.gsub(/\r?\n/, "<br />\n"), options).to_html
  })
end
