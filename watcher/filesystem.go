package watcher

import "fmt"

// FileSystem names the file system that statfs(2) gives that magic number (linux/magic.h). remote says that others may write
// there of whom this kernel does not hear: other machines, or the process behind a FUSE mount.
func FileSystem(magic int64) (name string, remote bool) {
	switch uint32(magic) { // some processors have it signed
	case 0xEF53:
		return "ext4", false
	case 0x58465342:
		return "XFS", false
	case 0x9123683E:
		return "Btrfs", false
	case 0x2FC12FC1:
		return "ZFS", false
	case 0xF2F52010:
		return "F2FS", false
	case 0x01021994, 0x858458F6:
		return "tmpfs", false
	case 0x794C7630:
		return "overlayfs", false
	case 0x6969:
		return "NFS", true
	case 0x517B, 0xFE534D42, 0xFF534D42:
		return "SMB", true
	case 0x65735546: // GlusterFS, sshfs and virtiofs, too
		return "FUSE", true
	case 0x01021997:
		return "9P", true
	case 0x00C36400:
		return "CephFS", true
	case 0x5346414F, 0x6B414653:
		return "AFS", true
	case 0x73757245:
		return "Coda", true
	case 0x01161970:
		return "GFS2", true
	case 0x7461636F:
		return "OCFS2", true
	case 0x0BD00BD0:
		return "Lustre", true
	case 0x47504653:
		return "GPFS", true
	case 0x19830326:
		return "BeeGFS", true
	case 0x20030528:
		return "OrangeFS", true
	case 0x786F4256:
		return "VirtualBox shared folder", true
	case 0xBACBACBC:
		return "VMware shared folder", true
	}
	return fmt.Sprintf("type %#x", magic), false
}
