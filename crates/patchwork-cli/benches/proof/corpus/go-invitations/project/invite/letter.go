package invite

import "fmt"

// Letter is what is sent with a code, which stands in groups of four.
func Letter(member, code string) string {
	groups := ""
	for i := 0; i < len(code); i += 4 {
		end := i + 4
		if end > len(code) {
			end = len(code)
		}
		groups += " " + code[i:end]
	}
	return fmt.Sprintf("%s invites you. Your code is:%s\n", member, groups)
}
