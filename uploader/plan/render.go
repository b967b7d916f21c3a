package plan

// render returns what is published of s: the very bytes that its packager wrote. It is nil if the text is not at hand.
func (s *snapshot) render() []byte { return s.text.content }

// recognise reports whether content, which a store has, is what render makes of s, or what s was read back from.
func (s *snapshot) recognise(content []byte) bool { return s.text.is(content) }
