package guestbook

import (
	"html"
	"strings"
	"testing"
)

func TestVisitorsWriteNoMarkup(t *testing.T) {
	for _, text := range []string{
		"<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "\"><svg onload=alert(1)>", "</q><b>", "<ScRiPt>",
	} {
		for _, entry := range []Entry{{Name: text, Text: "x"}, {Name: "x", Text: text}, {Name: "x", Text: "x", Homepage: text}} {
			var book Book
			if post(&book, entry.Name, entry.Homepage, entry.Text) >= 400 {
				continue
			}
			if page := get(&book); strings.Contains(page, text) {
				t.Errorf("%q is part of the page", text)
			}
		}
	}
}

func TestAttributesEndWhereTheyShould(t *testing.T) {
	var book Book
	post(&book, `x" onmouseover="alert(1)`, `https://x.example/" onclick="alert(1)`, "x")
	page := get(&book)
	if strings.Contains(page, `" onmouseover="`) || strings.Contains(page, `" onclick="`) {
		t.Errorf("a new attribute in\n%s", page)
	}
}

func TestLinksRunNoScripts(t *testing.T) {
	for _, link := range []string{"javascript:alert(1)", "JavaScript:alert(1)", "vbscript:x"} {
		var book Book
		post(&book, "x", link, "x")
		if page := strings.ToLower(get(&book)); strings.Contains(page, `href="`+strings.ToLower(link)) {
			t.Errorf("%s can be clicked", link)
		}
	}
}

func TestTextsAreShownAsWritten(t *testing.T) {
	for _, text := range []string{"Tom & Jerry", "5 < 6 > 4", "I <3 it", "say \"hi\"", "&amp;", "Zoë's"} {
		var book Book
		post(&book, text, "https://x.example/?a=1&b=2", text)
		page := get(&book)
		shown := html.UnescapeString(page[strings.Index(page, "<q>")+3 : strings.Index(page, "</q>")])
		if shown != text {
			t.Errorf("%q is shown as %q", text, shown)
		}
		if !strings.Contains(html.UnescapeString(page), `href="https://x.example/?a=1&b=2"`) {
			t.Errorf("the link is gone from\n%s", page)
		}
	}
}
