package hls

import "testing"

func TestKindWords(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for i, k := range Kinds() {
		if int(k) != i {
			t.Errorf("Kinds()[%d] = %d", i, k)
		}
		if seen[k.String()] {
			t.Errorf("%q stands for two kinds", k)
		}
		seen[k.String()] = true
		if want := k == MediaPlaylist || k == MultivariantPlaylist || k == Manifest; k.IsPlaylist() != want {
			t.Errorf("%v.IsPlaylist() = %t", k, !want)
		}
	}
	if !seen["multivariant"] || !seen["other"] || len(seen) != int(Temporary)+1 {
		t.Errorf("words: %v", seen)
	}
}

func TestStateAndTargetWords(t *testing.T) {
	t.Parallel()
	for got, want := range map[string]string{
		Settled.String(): "settled", Gone.String(): "gone", State(0).String(): "unknown",
		Local.String(): "local", Elsewhere.String(): "elsewhere", Outside.String(): "outside",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestLastSequence(t *testing.T) {
	t.Parallel()
	if n, ok := (&Playlist{MediaSequence: 7}).LastSequence(); ok || n != 0 {
		t.Errorf("no segments: got %d, %t", n, ok)
	}
	if n, ok := (&Playlist{MediaSequence: 7, Segments: 3}).LastSequence(); !ok || n != 9 {
		t.Errorf("three from 7: got %d, %t, want 9", n, ok)
	}
}
