package guestbook

import (
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

func post(book *Book, name, homepage, text string) int {
	form := url.Values{"name": {name}, "homepage": {homepage}, "text": {text}}
	request := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(form.Encode()))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response := httptest.NewRecorder()
	book.ServeHTTP(response, request)
	return response.Code
}

func get(book *Book) string {
	response := httptest.NewRecorder()
	book.ServeHTTP(response, httptest.NewRequest(http.MethodGet, "/", nil))
	return response.Body.String()
}

func TestShowsEntriesLatestFirst(t *testing.T) {
	var book Book
	if code := post(&book, "Ada", "https://ada.example/", "Lovely"); code != http.StatusSeeOther {
		t.Fatalf("status %d", code)
	}
	post(&book, "Bob", "", "Hello")
	page := get(&book)
	if strings.Index(page, "Hello") > strings.Index(page, "Lovely") {
		t.Errorf("the order is wrong in\n%s", page)
	}
	post(&book, "Tom & Jerry", "", "5 < 6")
	if shown := html.UnescapeString(get(&book)); !strings.Contains(shown, "Tom & Jerry:\n<q>5 < 6</q>") {
		t.Errorf("other words in\n%s", shown)
	}
	if !strings.Contains(page, `<a href="https://ada.example/">Ada</a>`) {
		t.Errorf("no link in\n%s", page)
	}
}

func TestRefusesEmptyEntries(t *testing.T) {
	var book Book
	if code := post(&book, " ", "", "Hello"); code != http.StatusBadRequest {
		t.Errorf("status %d", code)
	}
	if len(book.Entries()) != 0 {
		t.Error("it was written")
	}
}
